"""What was received is acknowledged, what is not acknowledged is sent again: docs/PROTOCOL.md sections 5.3 and 7."""

from .wire import Violation

BITMAP_BITS = 1024
INITIAL_RTT_S = 0.1
ACK_ELICITING = {"Ping", "Connect", "Accept", "PathChallenge", "PathResponse", "Credit", "Message", "Fragment"}


def is_ack_eliciting(frames):
    return any(frame["kind"] in ACK_ELICITING for frame in frames)


def ack_frame(received, received_at, now):
    """Section 5.3: of the highest number and the 1024 before it, which were received. `now`: seconds."""
    largest = max(received)
    bits = sum(1 << i for i in range(BITMAP_BITS) if largest - 1 - i in received)
    delay = max(0, int((now - received_at) * 1e6))
    bitmap = bits.to_bytes((bits.bit_length() + 7) // 8, "little")
    return {"kind": "Ack", "largest": largest, "delayUs": delay, "bitmap": bitmap}


def acknowledged_numbers(frame):
    bits = int.from_bytes(frame["bitmap"], "little")
    return [frame["largest"]] + [frame["largest"] - 1 - i for i in range(bits.bit_length()) if bits >> i & 1]


def is_sent_again(frame):
    """Section 6: data of the deliveries unreliable and sequenced never is, nor is a path frame (section 5.9)."""
    if frame["kind"] in ("Message", "Fragment"):
        return frame["delivery"] in ("bestEffort", "reliable", "ordered")
    return frame["kind"] in ("Ping", "Connect", "Accept")


class Sent:
    """The packets of this side and what became of them. Times in seconds."""

    def __init__(self, peer_ack_delay_s):
        self.peer_ack_delay_s = peer_ack_delay_s
        self.numbers = set()
        self.acknowledged = set()
        self.waiting = {}
        """Frames, time of sending and generation of ack-eliciting packets, by number."""
        self.confirmed_at = {}
        """By generation: when a packet sealed with its keys was first acknowledged (section 4.6)."""
        self.rtt = INITIAL_RTT_S
        self.rtt_variance = INITIAL_RTT_S / 2
        self.has_sample = False

    @property
    def probe_timeout(self):
        """Section 7.5."""
        return self.rtt + max(4 * self.rtt_variance, 0.001) + self.peer_ack_delay_s

    def on_sent(self, number, frames, generation, now):
        self.numbers.add(number)
        if is_ack_eliciting(frames):
            self.waiting[number] = (frames, now, generation)

    def on_ack(self, frame, now):
        numbers = acknowledged_numbers(frame)
        if not self.numbers.issuperset(numbers):
            raise Violation("a packet was acknowledged that was not sent")
        if frame["largest"] in self.waiting:
            self._measure(now - self.waiting[frame["largest"]][1], frame["delayUs"] / 1e6)
        for number in numbers:
            self.acknowledged.add(number)
            if number in self.waiting:
                self.confirmed_at.setdefault(self.waiting.pop(number)[2], now)

    def _measure(self, sample, delay):
        """RFC 9002 section 5.3, without the smallest round trip."""
        sample = max(0.0, sample - min(delay, self.peer_ack_delay_s))
        if not self.has_sample:
            self.has_sample, self.rtt, self.rtt_variance = True, sample, sample / 2
        self.rtt_variance += (abs(self.rtt - sample) - self.rtt_variance) / 4
        self.rtt += (sample - self.rtt) / 8

    def take_overdue(self, now):
        """The frames, by packet, that a probe timeout has passed over; they are to go in packets of their own."""
        overdue = [n for n, (_, sent_at, _) in self.waiting.items() if now - sent_at > self.probe_timeout]
        packets = [[f for f in self.waiting.pop(n)[0] if is_sent_again(f)] for n in overdue]
        return [frames for frames in packets if frames]
