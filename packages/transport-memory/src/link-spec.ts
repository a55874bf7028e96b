import { checkOptionNames } from "@sortie/transport";
import type { OptionNames } from "./check.js";
import { checkLinkOptions, type LinkOptions, type LinkParameters } from "./link-options.js";
import { LinkTimeline } from "./link-timeline.js";
import type { LinkTrace } from "./link-trace.js";
import { type PresetName, PRESETS } from "./presets.js";

/** A link that changes as a trace says. */
export interface TracedLink {
  readonly trace: LinkTrace;
  /** What the trace's steps leave out. Default: ideal. */
  readonly base?: LinkOptions | PresetName | undefined;
}

/** How a link is described: options, the name of a preset, or a trace. */
export type LinkSpec = LinkOptions | PresetName | TracedLink;

/** A description, checked. */
export interface ResolvedLink {
  /** The first step's where there is a trace. */
  readonly parameters: LinkParameters;
  readonly timeline: LinkTimeline | undefined;
}

const TRACED_NAMES: OptionNames<TracedLink> = { trace: true, base: true };

/**
 * Throws a RangeError for an unknown preset, a bad trace or an option out of range, TypeError for an option that there
 * is not.
 * @param label what the link is called in messages about all of it
 */
export function resolveLink(spec: LinkSpec, label: string = "link"): ResolvedLink {
  if (typeof spec === "object" && spec !== null && "trace" in spec) {
    checkOptionNames(spec, TRACED_NAMES, label);
    const { trace, base = {} } = spec;
    const timeline = new LinkTimeline(trace, optionsOf(base, label), label);
    return { parameters: timeline.parameters, timeline };
  }
  return { parameters: checkLinkOptions(optionsOf(spec, label), label), timeline: undefined };
}

function optionsOf(spec: LinkOptions | PresetName, label: string): LinkOptions {
  if (typeof spec !== "string") return spec;
  if (Object.hasOwn(PRESETS, spec)) return PRESETS[spec];
  throw new RangeError(`"${label}" expected one of ${Object.keys(PRESETS).join(", ")}, got "${spec}"`);
}
