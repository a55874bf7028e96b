// Transport and cryptography of a Sortie process, by name. What is not built (yet) is told with what there is.
import * as handshake from "@sortie/handshake";
import * as node from "@sortie/handshake/node";
import { createDgramTransport } from "@sortie/transport-dgram";

/** "node", "noble", or the middle part of any `create...Provider` that the handshake package exports. */
export function createCrypto(name = "node") {
  const makers = new Map();
  for (const [exported, make] of [...Object.entries(handshake), ...Object.entries(node)]) {
    const found = /^create(\w+)Provider$/.exec(exported);
    if (found !== null) makers.set(found[1].toLowerCase(), make);
  }
  const make = makers.get(name.toLowerCase());
  if (make === undefined) throw new RangeError(`"crypto" expected ${[...makers.keys()].join(", ")}, got "${name}"`);
  return make();
}

/** Not named where it is imported: the package may not be there. */
const MMSG_PACKAGE = "@sortie/transport-mmsg";

/** "dgram", or "mmsg" where @sortie/transport-mmsg can be loaded. */
export async function createTransport(name = "dgram", options = {}) {
  if (name === "dgram") return createDgramTransport(options);
  if (name !== "mmsg") throw new RangeError(`"transport" expected dgram or mmsg, got "${name}"`);
  const mmsg = await import(MMSG_PACKAGE).catch((cause) => {
    throw new Error(`"--transport mmsg" needs the package ${MMSG_PACKAGE}, which cannot be loaded`, { cause });
  });
  return mmsg.createMmsgTransport(options);
}
