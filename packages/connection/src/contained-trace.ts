import { isThenable } from "./call-contained.js";
import type { TraceSink } from "./trace.js";

/**
 * The option `trace`, where there is one, so that what it throws or rejects with goes to `onError`: a connection calls
 * it in the middle of its work, which must come to its end. Like that work, `onError` must not call back into it.
 */
export function containedTrace(
  trace: TraceSink | undefined,
  onError: (error: unknown) => void,
): { readonly trace?: TraceSink } {
  if (trace === undefined) return {};
  return {
    // Not by `callContained`, which would take a function of its own for each packet.
    trace: (event) => {
      try {
        const result: unknown = trace(event);
        if (result !== undefined && isThenable(result)) Promise.resolve(result).catch(onError);
      } catch (error) {
        onError(error);
      }
    },
  };
}
