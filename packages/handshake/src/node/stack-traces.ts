/** Not so under `node --frozen-intrinsics` and after SES lockdown. */
const MAY_CHANGE = Object.getOwnPropertyDescriptor(Error, "stackTraceLimit")?.writable === true;

/**
 * Has exceptions made without a stack trace until `resumeStackTraces`; returns what that takes. Libraries tell a wrong
 * tag by an exception, and most of its cost, which whoever forges packets has us pay, is the trace that nobody reads.
 */
export function suspendStackTraces(): number {
  const limit = Error.stackTraceLimit;
  if (MAY_CHANGE) Error.stackTraceLimit = 0;
  return limit;
}

/** @param limit what `suspendStackTraces` returned */
export function resumeStackTraces(limit: number): void {
  if (MAY_CHANGE) Error.stackTraceLimit = limit;
}
