import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Reply } from "./http-reply.js";

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

/** Files of the page beside the package's sources, by the path under which they are served. */
const PAGE_FILES: Readonly<Record<string, string>> = {
  "/": "index.html",
  "/assets/dashboard.css": "dashboard.css",
  "/assets/main.js": "main.js",
  "/assets/api.js": "api.js",
  "/assets/charts.js": "charts.js",
  "/assets/format.js": "format.js",
  "/assets/peers.js": "peers.js",
  "/assets/peer-detail.js": "peer-detail.js",
  "/assets/overview.js": "overview.js",
  "/assets/dom.js": "dom.js",
  "/assets/icon.svg": "icon.svg",
};

/** Files of the chart library (uPlot, MIT), from where it is installed. */
const LIBRARY_FILES: Readonly<Record<string, string>> = {
  "/assets/uplot.js": "uplot/dist/uPlot.iife.min.js",
  "/assets/uplot.css": "uplot/dist/uPlot.min.css",
};

interface Asset {
  readonly reply: Reply;
  readonly etag: string;
}

/** The page's files: a fixed table, read once. No path of a request ever reaches the file system. */
export class Assets {
  readonly #assets: Map<string, Asset>;

  private constructor(assets: Map<string, Asset>) {
    this.#assets = assets;
  }

  /** @param title put into the page's title, as text */
  static async load(title: string): Promise<Assets> {
    const { resolve } = createRequire(import.meta.url);
    const assets = new Map<string, Asset>();
    for (const [path, name] of Object.entries(PAGE_FILES)) {
      const source = await readFile(new URL(name, dashboardFolder()), "utf8");
      assets.set(path, assetOf(name, name === "index.html" ? source.replaceAll("{{title}}", escape(title)) : source));
    }
    for (const [path, name] of Object.entries(LIBRARY_FILES)) {
      assets.set(path, assetOf(name, await readFile(resolve(name), "utf8")));
    }
    return new Assets(assets);
  }

  /** undefined: no such file. A client that has this version gets 304. */
  reply(path: string, ifNoneMatch: string | undefined): Reply | undefined {
    const asset = this.#assets.get(path);
    if (asset === undefined) return undefined;
    const headers = { etag: asset.etag, "cache-control": "no-cache" };
    if (ifNoneMatch === asset.etag) return { ...asset.reply, status: 304, body: "", headers };
    return { ...asset.reply, headers };
  }
}

/** In the package's own folder, whether this runs from src/listener or, bundled, from dist. */
function dashboardFolder(): URL {
  const here = import.meta.url;
  return new URL(here.endsWith("/src/listener/assets.ts") ? "../../dashboard/" : "../dashboard/", here);
}

function assetOf(name: string, source: string): Asset {
  const type = TYPES[name.slice(name.lastIndexOf(".") + 1)] as string;
  const etag = `"${createHash("sha256").update(source).digest("base64url").slice(0, 22)}"`;
  return { reply: { status: 200, type, body: new TextEncoder().encode(source) }, etag };
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
