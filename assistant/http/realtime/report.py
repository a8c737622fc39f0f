"""A turn of a session, told as the turns at devices are: by events, by a receipt, and to history where that is kept."""

from assistant.events import EventType
from assistant.http.realtime.response import Response
from assistant.pipeline.conversation import Conversation
from assistant.pipeline.turn import Turn

__all__ = ["Report"]


class Report:
    """What is told of a turn, where anything is *told*."""

    def __init__(self, turn: Turn, *, told: bool) -> None:
        self.turn = turn
        """The turn."""
        self._told = told
        self._begun = False

    def begin(self) -> None:
        """Tell that somebody speaks, or writes."""
        if self._told:
            self._begun = True
            self.turn.outcome = "interrupted"
            self.turn.publish(EventType.RUN_START, assistant=self.turn.assistant, language=self.turn.config.language)

    def answered(self, question: str, response: Response, conversation: Conversation) -> None:
        """Note what came of a response to *question*, and that what was not heard to its end was not asked."""
        if response.cancelled:
            conversation.ask(None)
        if not self._begun:
            return
        if isinstance(response.failure, Exception):
            self.turn.fail(response.failure)
        elif not response.cancelled:
            self.turn.outcome = "answered"
        if response.heard:
            self.turn.remember(conversation, question, response.heard)

    def failed(self, error: Exception) -> None:
        """Note why nothing was answered."""
        if self._begun:
            self.turn.fail(error)

    def nothing(self) -> None:
        """Note that nothing was understood."""
        self.turn.outcome = "nothing"

    def end(self) -> None:
        """Tell that it has ended, and keep its receipt."""
        if self._begun:
            self._begun = False
            self.turn.finish()
