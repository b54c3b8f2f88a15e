import http from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * A connection is kept for the next message no longer than this. A provider closes what lies idle after a minute or so: whoever sent on it at that very moment
 * could not know whether the message was taken. Within a second of the last answer nobody closes it, and a morning's messages share a few handshakes.
 */
const keptMs = 1_000;

/** Has the requests of a client share connections that were used within the last second. Its own agent for https stays, which knows a deployment's proxy and certificates. */
export function shareConnections({ defaults }: { defaults: { httpAgent?: unknown; httpsAgent?: unknown } }): void {
  defaults.httpAgent = new http.Agent({ keepAlive: true });
  for (const agent of [defaults.httpAgent, defaults.httpsAgent]) {
    if (agent instanceof http.Agent) closeSoon(agent);
  }
}

/** The agent closes an idle connection whose time runs out; a request that takes one sets its own deadline on it. */
function closeSoon(agent: http.Agent): void {
  // Answers false where the provider announces to close it at once, though it is declared to answer nothing.
  const keep: (socket: Duplex) => unknown = agent.keepSocketAlive.bind(agent);
  agent.keepSocketAlive = (socket) => {
    const isKept = keep(socket);
    if (socket instanceof Socket) socket.setTimeout(Math.min(keptMs, socket.timeout || keptMs));
    return isKept;
  };
}
