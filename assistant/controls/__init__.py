"""What people set at a device, for good: mute, volume, chime, quiet hours.

Voice, command line, HTTP and skills all act through `Controls`.
"""

from assistant.controls.controls import Controls, DeviceStatus
from assistant.controls.settings import STEP, DeviceSettings, QuietHours

__all__ = ["STEP", "Controls", "DeviceSettings", "DeviceStatus", "QuietHours"]
