import { readFileSync } from "node:fs";
import {
  type LinkOptions,
  type LinkSpec,
  type LinkTrace,
  linkTraceFromMahimahi,
  meanLoss,
  parseLinkTrace,
  type PresetName,
  PRESETS,
} from "@sortie/transport-memory";

/** Options of a link that are plain numbers. */
const NUMBERS: readonly (keyof LinkOptions)[] = [
  "latencyMs",
  "jitterMs",
  "loss",
  "burst",
  "reorder",
  "reorderDelayMs",
  "duplicate",
  "corrupt",
  "bandwidthBytesPerSecond",
  "queueBytes",
  "mtu",
  "overheadBytes",
];

/** For the help text. */
export const LINK_SYNTAX: string = `comma-separated: a preset (${Object.keys(PRESETS).join(", ")}), NAME=VALUE (${NUMBERS.join(", ")}), @FILE (a trace in JSON, or one of Mahimahi's); what comes later overrides`;

/**
 * A link as it is written on a command line: a preset's name, single options, a trace file, or several of them with
 * commas between. Later ones override: a preset also removes what was said of loss before it, and `burst` alone keeps
 * the mean loss of the preset before it. RangeError that names what was not understood.
 */
export function parseLink(text: string): LinkSpec {
  let options: LinkOptions = {};
  let trace: LinkTrace | undefined;
  for (const item of text.split(",").map((part) => part.trim())) {
    const equals = item.indexOf("=");
    if (item.startsWith("@")) trace = readTrace(item.slice(1));
    else if (equals > 0) options = override(options, item.slice(0, equals).trim(), item.slice(equals + 1).trim());
    else options = { ...withoutLoss(options), ...preset(item) };
  }
  return trace === undefined ? options : { trace, base: options };
}

/** Without the parts that only go together, of which two presets have different ones: a link has one loss model. */
function withoutLoss(options: LinkOptions): LinkOptions {
  const { loss: _loss, burst: _burst, delayTail: _tail, ...rest } = withoutModel(options);
  return rest;
}

function withoutModel({ gilbertElliott: _model, delayTailInBad: _tail, ...rest }: LinkOptions): LinkOptions {
  return rest;
}

function preset(name: string): LinkOptions {
  if (Object.hasOwn(PRESETS, name)) return PRESETS[name as PresetName];
  throw new RangeError(`"link" expected a preset, NAME=VALUE or @FILE, got "${name}"; ${LINK_SYNTAX}`);
}

function override(options: LinkOptions, name: string, value: string): LinkOptions {
  const known = NUMBERS.find((option) => option === name);
  if (known === undefined) {
    throw new RangeError(`"link" expected one of the options ${NUMBERS.join(", ")}, got "${name}"`);
  }
  const number = Number(value);
  if (value === "" || Number.isNaN(number)) throw new RangeError(`"${name}" expected a number, got "${value}"`);
  const { gilbertElliott: model } = options;
  if (model === undefined || (known !== "loss" && known !== "burst")) return { ...options, [known]: number };
  // Either replaces a preset's loss model, but the length of bursts does not say how much is lost.
  return { ...withoutModel(options), loss: meanLoss(model), [known]: number };
}

function readTrace(path: string): LinkTrace {
  const text = readFileSync(path, "utf8");
  try {
    return text.trimStart().startsWith("{") ? parseLinkTrace(text) : linkTraceFromMahimahi(text);
  } catch (error) {
    throw new RangeError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
