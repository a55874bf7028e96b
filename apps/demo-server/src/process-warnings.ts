/** The part of the process that is used. */
export interface WarningProcess {
  listenerCount(name: "warning"): number;
  removeAllListeners(name: "warning"): unknown;
  on(name: "warning", listener: (warning: ProcessWarning) => void): unknown;
}

/** As `process.emitWarning` makes it. */
export interface ProcessWarning {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly detail?: string;
}

/** Gives the process's warnings to `tell` instead of printing them as text, unless Node was told to print none. */
export function takeWarnings(
  tell: (text: string, fields: object) => void,
  host: WarningProcess = process as WarningProcess,
): void {
  if (host.listenerCount("warning") === 0) return;
  host.removeAllListeners("warning");
  host.on("warning", ({ name, message, code, detail }) => tell(message, { warning: name, code, detail }));
}
