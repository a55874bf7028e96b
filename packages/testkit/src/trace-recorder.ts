import { describeValue, type TraceEvent, type TraceSink } from "@sortie/connection";

/** Events kept. Full: the oldest are forgotten, and counted. */
const DEFAULT_MAX_EVENTS = 100_000;

/** Records what a connection reports, for assertions. */
export class TraceRecorder {
  readonly events: TraceEvent[] = [];
  forgotten = 0;
  /** To be given to a connection as `trace`. */
  readonly sink: TraceSink;

  /** @param maxEvents 1 or more, else RangeError: with room for none, what did happen would seem not to have */
  constructor(maxEvents: number = DEFAULT_MAX_EVENTS) {
    if (!Number.isInteger(maxEvents) || maxEvents < 1) {
      throw new RangeError(`"maxEvents" expected an integer of 1 or more, got ${describeValue(maxEvents)}`);
    }
    this.sink = (event) => {
      this.events.push(event);
      if (this.events.length <= maxEvents) return;
      this.events.shift();
      this.forgotten += 1;
    };
  }

  /** Recorded events of one type, oldest first. */
  of<Type extends TraceEvent["type"]>(type: Type): Extract<TraceEvent, { type: Type }>[] {
    return this.events.filter((event): event is Extract<TraceEvent, { type: Type }> => event.type === type);
  }

  /** The states that the connection went through, in order. */
  states(): string[] {
    return this.of("state").map((event) => event.to);
  }
}
