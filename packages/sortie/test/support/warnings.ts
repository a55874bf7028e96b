/** A warning of the process, as `process.emitWarning` makes it. */
export type ProcessWarning = Error & { readonly code?: string; readonly detail?: string };

/** The warnings of this package that the process emits while `work` runs. */
export async function collectWarnings(work: () => unknown): Promise<ProcessWarning[]> {
  const warnings: ProcessWarning[] = [];
  const onWarning = (warning: ProcessWarning): void => {
    if (warning.code?.startsWith("SORTIE_") === true) warnings.push(warning);
  };
  process.on("warning", onWarning);
  try {
    await work();
    // Warnings come in a later turn.
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off("warning", onWarning);
  }
  return warnings;
}
