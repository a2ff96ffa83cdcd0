// Every door between the gateway and workerd, so that nobody else comes in: they are sockets in a folder that only this user may enter, which a
// page in a browser cannot name at all. A TCP port on loopback would answer whatever page or program of this machine asks, and behind it are KV,
// every version of a Worker and the way out.

import { subscribe } from "node:diagnostics_channel";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Server, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A socket's path has about a hundred bytes; a longer folder for temporary files leaves no room for ours. */
const MAX_TMPDIR = 60;

/**
 * Stands before workerd and becomes it (`exec`, so it is one process with one id). miniflare gives workerd an entry port and an address of its own
 * Node server, which none of ours need: they become sockets in our folder, the second one where nobody listens. The limit is the last resort of
 * the watchdog, for what takes memory faster than it looks: the kernel refuses more.
 */
const LAUNCHER = `#!/bin/sh
rm -f "$EDGEWRIGHT_DOORS"/*
echo $$ > "$EDGEWRIGHT_DOORS/pid"
for argument; do
  shift
  case $argument in
    --socket-addr=entry=*) argument="--socket-addr=entry=unix:$EDGEWRIGHT_DOORS/entry" ;;
    --external-addr=loopback=*) argument="--external-addr=loopback=unix:$EDGEWRIGHT_DOORS/nobody" ;;
  esac
  set -- "$@" "$argument"
done
ulimit -d "$EDGEWRIGHT_DATA_KIB" 2>/dev/null || true
exec "$EDGEWRIGHT_WORKERD" "$@"
`;

export class Doors {
  readonly directory: string;
  readonly launcher: string;

  /** @param stateDir where the launcher is put: folders for temporary files may forbid programs. */
  constructor(stateDir: string) {
    this.directory = mkdtempSync(join(tmpdir().length > MAX_TMPDIR ? "/tmp" : tmpdir(), "edgewright-"));
    this.launcher = join(stateDir, "workerd-launcher.sh");
    writeFileSync(this.launcher, LAUNCHER, { mode: 0o700 });
    chmodSync(this.launcher, 0o700);
    process.once("exit", () => this.remove());
  }

  /** Where Workers' outbound requests go. */
  get outbound(): string {
    return join(this.directory, "outbound");
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** The servers of this process that are meant to be reached. */
const ours = new WeakSet<Server>();

export function own<S extends Server>(server: S): S {
  ours.add(server);
  return server;
}

/**
 * Lets nobody connect to a server that is not ours: miniflare listens in this process, on a port of loopback and without a token, for what its
 * own tools ask (write a file anywhere, list and delete Durable Objects). No part of it that runs here needs that.
 */
export function closeOthers(): void {
  subscribe("tracing:net.server.listen:asyncStart", (message) => {
    const { server } = message as { server: Server };
    if (!ours.has(server)) server.prependListener("connection", (socket: Socket) => socket.destroy());
  });
}
