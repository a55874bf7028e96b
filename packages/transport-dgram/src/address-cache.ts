import type { SocketAddress } from "@sortie/transport";
import { InterfaceZones } from "./interface-zones.js";

/** Addresses per generation: twice the peers of a large server, so that those that are heard stay. */
const DEFAULT_GENERATION_SIZE = 4096;

type Generation = Map<string, Map<number, SocketAddress>>;

/**
 * From the host text and port that the socket reports to one shared SocketAddress, without joining strings.
 *
 * Two generations: what is asked for moves to the young one; when that is full, the old one is forgotten. So memory
 * is bounded by twice the generation's size however many addresses send, and a peer that sends is parsed once.
 */
export class AddressCache {
  readonly #generationSize: number;
  readonly #zones: InterfaceZones;
  #young: Generation = new Map();
  #old: Generation = new Map();
  #youngSize = 0;
  #oldSize = 0;

  constructor(zones: InterfaceZones = new InterfaceZones(), generationSize: number = DEFAULT_GENERATION_SIZE) {
    this.#zones = zones;
    this.#generationSize = generationSize;
  }

  /** Addresses held in both generations; at most twice the generation's size. */
  get size(): number {
    return this.#youngSize + this.#oldSize;
  }

  /** The address of a host text and a port; undefined where the text is no IP address. */
  get(host: string, port: number): SocketAddress | undefined {
    const known = this.#young.get(host)?.get(port);
    if (known !== undefined) return known;
    const address = this.#old.get(host)?.get(port) ?? this.#zones.parse(host, port);
    if (address !== undefined) this.#keep(host, port, address);
    return address;
  }

  #keep(host: string, port: number, address: SocketAddress): void {
    if (this.#youngSize >= this.#generationSize) {
      this.#old = this.#young;
      this.#oldSize = this.#youngSize;
      this.#young = new Map();
      this.#youngSize = 0;
    }
    let ports = this.#young.get(host);
    if (ports === undefined) this.#young.set(host, (ports = new Map()));
    ports.set(port, address);
    this.#youngSize++;
  }
}
