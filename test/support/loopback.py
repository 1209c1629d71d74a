"""Brings the loopback interface of a new network namespace up, with more addresses on it: loopback.py [ADDRESS ...]

Here rather than `ip link` and `ip address`, because a machine that has Python need not have iproute2.
"""

import fcntl
import socket
import struct
import sys

# linux/sockios.h and net/if.h
SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK = 0x8914, 0x8916, 0x891C
IFF_UP, IFF_RUNNING = 0x1, 0x40


def address_request(interface: str, address: str) -> bytes:
    """A struct ifreq that holds an IPv4 address."""
    return struct.pack("16sHH4s16x", interface.encode(), socket.AF_INET, 0, socket.inet_aton(address))


with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
    fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", IFF_UP | IFF_RUNNING))
    for number, extra in enumerate(sys.argv[1:]):
        fcntl.ioctl(control, SIOCSIFADDR, address_request(f"lo:{number}", extra))
        fcntl.ioctl(control, SIOCSIFNETMASK, address_request(f"lo:{number}", "255.255.255.255"))
