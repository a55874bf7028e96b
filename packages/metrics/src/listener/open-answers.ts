import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** ms for an answer to leave once it is there. Reading a little of it gives no more. */
const ANSWER_TIMEOUT_MS = 5_000;
/** Requests of a connection whose answers have not left; browsers and scrapers wait for one before they ask again. */
const MAX_OPEN_ANSWERS = 16;

/** The answers of a connection that have not left, each with its deadline from when it is there. */
type Answers = Map<ServerResponse, NodeJS.Timeout | undefined>;

/** Ends connections that do not read their answers: they could else, without a token, take all that there are. */
export class OpenAnswers {
  readonly #connections = new WeakMap<Socket, Answers>();

  /** A request has come. False where nothing is to be done for it: its connection has ended, or has asked too much. */
  begin(socket: Socket, response: ServerResponse): boolean {
    // What came in one piece with a request that ended the connection is told still.
    if (socket.destroyed) return false;
    const answers = this.#of(socket);
    if (answers.size >= MAX_OPEN_ANSWERS) {
      socket.destroy();
      return false;
    }
    answers.set(response, undefined);
    response.once("close", () => {
      clearTimeout(answers.get(response));
      answers.delete(response);
    });
    return true;
  }

  /** The answer to a request that has begun is about to be sent. */
  limit(socket: Socket, response: ServerResponse): void {
    const answers = this.#of(socket);
    if (!answers.has(response)) return;
    const timer = setTimeout(() => socket.destroy(), ANSWER_TIMEOUT_MS);
    timer.unref();
    answers.set(response, timer);
  }

  #of(socket: Socket): Answers {
    const known = this.#connections.get(socket);
    if (known !== undefined) return known;
    const answers: Answers = new Map();
    this.#connections.set(socket, answers);
    // Answers that wait for the one before them are not told that the connection has gone.
    socket.once("close", () => {
      for (const timer of answers.values()) clearTimeout(timer);
      answers.clear();
    });
    return answers;
  }
}
