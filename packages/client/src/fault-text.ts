import { describeKind } from "@sortie/connection";

/** Characters of a message that are shown: what is thrown may carry whole payloads. */
const MAX_SHOWN_CHARACTERS = 200;

/** What an exception says of itself, in at most 200 characters and never empty. Anything can be thrown. */
export function faultText(fault: unknown): string {
  const text = ownText(fault);
  return text.length <= MAX_SHOWN_CHARACTERS ? text : `${text.slice(0, MAX_SHOWN_CHARACTERS)}…`;
}

function ownText(fault: unknown): string {
  if (typeof fault === "string" && fault !== "") return fault;
  if (!(fault instanceof Error)) return `${describeKind(fault)} was thrown`;
  return typeof fault.message === "string" && fault.message !== "" ? fault.message : "an error without a message";
}
