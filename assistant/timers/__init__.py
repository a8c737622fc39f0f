"""Timers, alarms and reminders: each rings once, whatever becomes of the power, the clock and the daemon.

`timeline.py` says how much time has passed, `calendar.py` when a time of day comes, `timers.py` keeps them and lets
them ring, `ringing.py` is the sound of that.
"""

from assistant.timers.timer import Appointment, Kind, Outcome, State, Timer
from assistant.timers.timers import MOST, Refused, Timers

__all__ = ["MOST", "Appointment", "Kind", "Outcome", "Refused", "State", "Timer", "Timers"]
