import pytest

from assistant.testing import model_path


@pytest.fixture(scope="session")
def model() -> str:
    """SmolLM2-135M-Instruct, the real one."""
    return model_path("smollm2-135m")
