/**
 * bytes charged for an ordered message that came early, next to its payload: an entry of a map, an object and a typed
 * array. 270 to 310 in V8's heap, and another 180 outside of it where the payload has more than 64. Three times what
 * senders charge themselves (`MESSAGE_OVERHEAD_BYTES`): theirs is a rule of the protocol, this is what it costs here.
 */
export const EARLY_OVERHEAD_BYTES = 384;
