import { SendChannel } from "./send-channel.js";

/**
 * Unreliable messages: no state but the IDs by which the pieces of fragmented ones are told apart. Nothing is resent,
 * and packets are received once, so that no message comes twice.
 */
export class UnreliableSend extends SendChannel {}
