// A server's process and its load's: started and warmed up once, measured as often as asked, stopped where they are
// while it is another pair's turn.
import { ask, sleep, start, stop } from "./processes.mjs";
import { figures } from "./round-figures.mjs";

/** ms. For a server to follow clients to their new addresses. */
const MOVE_PAUSE_MS = 1000;
/** ms. For the last acknowledgements: a packet that is under way while both stand still would look like a slow path. */
const QUIET_MS = 200;
/** ms. For caches to be filled again, and for connections to have said that they are still there. */
const SETTLE_MS = 700;

const file = (path) => new URL(`../${path}`, import.meta.url);

export class Pair {
  #setup;
  #server;
  #load;
  #attack;

  /**
   * Starts one system under one load.
   * @param setup.system name of a system: `systems/<name>-server.mjs` and `systems/<name>-connections.mjs`
   * @param setup.server what the server does; see the servers
   * @param setup.load what the load does; see load/main.mjs
   * @param setup.attack what a second load process does meanwhile, unmeasured
   * @param setup.moves how often the clients take other addresses before the measuring
   * @param setup.loadSystem the connections to use, where they are not the server's own
   */
  static async open(setup) {
    const { system, loadSystem = system, server, load, attack, moves = 0, warmupMs, execArgv } = setup;
    const pair = new Pair();
    pair.#setup = setup;
    const { child, first } = await start(file(`systems/${system}-server.mjs`), [JSON.stringify(server)], execArgv);
    pair.#server = child;
    const target = { publicKeyPath: server.keys?.publicKeyPath, ...first, system: loadSystem };
    pair.#load = await startLoad(load, target);
    child.send("go");
    if (attack !== undefined) pair.#attack = await startLoad(attack, { ...target, system: attack.system });
    await sleep(warmupMs);
    for (let move = 0; move < moves; move++) {
      await ask(pair.#load, "move");
      await sleep(MOVE_PAUSE_MS);
    }
    return pair;
  }

  /** Figures of the next `setup.measureMs`; with "profiles" where `setup.profile` asks for them, which takes time. */
  async measure() {
    const { measureMs, profile = false } = this.#setup;
    const serverBefore = await ask(this.#server, "figures");
    const loadBefore = await ask(this.#load, "reset");
    if (profile) this.#server.send("profile");
    await sleep(measureMs);
    const loadAfter = await ask(this.#load, "figures");
    const serverAfter = await ask(this.#server, "figures");
    const profiles = profile ? await ask(this.#server, "profiled") : undefined;
    return { ...figures(serverBefore, serverAfter, loadBefore, loadAfter), profiles };
  }

  /** Lets what is under way arrive, then takes all processes from the machine's cores until `resume`. */
  async rest() {
    for (const load of this.#loads) await ask(load, "rest");
    await ask(this.#server, "rest");
    await sleep(QUIET_MS);
    for (const child of this.#children) child.kill("SIGSTOP");
  }

  async resume() {
    for (const child of this.#children) child.kill("SIGCONT");
    this.#server.send("go");
    for (const load of this.#loads) await ask(load, "resume");
    await sleep(SETTLE_MS);
  }

  async close() {
    // A stopped process would hear of it after it goes on only.
    for (const child of this.#children) child.kill("SIGCONT");
    await stop(...this.#loads, this.#server);
  }

  get #loads() {
    return this.#attack === undefined ? [this.#load] : [this.#load, this.#attack];
  }

  get #children() {
    return [this.#server, ...this.#loads];
  }
}

async function startLoad(load, target) {
  return (await start(file("load/main.mjs"), [JSON.stringify({ ...load, target })])).child;
}
