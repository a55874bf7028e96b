import { afterEach, beforeEach, expect } from "vitest";

/** A promise as a forgotten await leaves it: it rejects, and nobody takes it. */
export const failing = (): never => Promise.reject(new Error("the file is missing")) as never;

/** What nobody has taken since the last call; Node tells of it after the promises' turn. */
async function untaken(heard: unknown[]): Promise<unknown[]> {
  await new Promise((resolve) => setImmediate(resolve));
  return heard.splice(0);
}

/** After each test of the file: a rejection that nobody took, for which Node would end the process, fails it. */
export function expectAllTaken(): () => Promise<unknown[]> {
  const heard: unknown[] = [];
  const listener = (reason: unknown): void => void heard.push(reason);
  beforeEach(() => void process.on("unhandledRejection", listener));
  afterEach(async () => {
    const left = await untaken(heard);
    process.off("unhandledRejection", listener);
    expect(left).toEqual([]);
  });
  return () => untaken(heard);
}
