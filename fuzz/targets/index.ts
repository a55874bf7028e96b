import type { FuzzTarget } from "../lib/target.js";
import { addressText } from "./address-text.js";
import { byteReader } from "./byte-reader.js";
import { certificateChain } from "./certificate-chain.js";
import { cidrSet } from "./cidr-set.js";
import { clientHandshake } from "./client-handshake.js";
import { clientHello } from "./client-hello.js";
import { connectionHostile } from "./connection-hostile.js";
import { connectionOperations } from "./connection-operations.js";
import { endpointFrames } from "./endpoint-frames.js";
import { identityPem } from "./identity-pem.js";
import { packetFrames } from "./packet-frames.js";
import { packetHeader } from "./packet-header.js";
import { pcap } from "./pcap.js";
import { publicKey } from "./public-key.js";
import { reject } from "./reject.js";
import { retry } from "./retry.js";
import { serverHandshake } from "./server-handshake.js";
import { serverHello } from "./server-hello.js";
import { serverRespond } from "./server-respond.js";
import { transportParameters } from "./transport-parameters.js";

/** All targets; the file of each has its name. */
export const TARGETS: readonly FuzzTarget[] = [
  addressText,
  byteReader,
  certificateChain,
  cidrSet,
  clientHandshake,
  clientHello,
  connectionHostile,
  connectionOperations,
  endpointFrames,
  identityPem,
  packetFrames,
  packetHeader,
  pcap,
  publicKey,
  reject,
  retry,
  serverHandshake,
  serverHello,
  serverRespond,
  transportParameters,
];
