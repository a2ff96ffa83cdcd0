// Crowds: N clients, each with a connection of its own that is open already, ask for one URL at the same moment.

import { Agent, get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const { origin, servers, scenes, clients, delay, rounds, seed } = JSON.parse(process.argv[2]);

function ask(url, agent) {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const request = get(url, { agent }, (response) => {
      response.on("end", () => resolve({ ms: performance.now() - began, status: response.statusCode }));
      response.on("error", reject);
      response.resume();
    });
    request.on("error", reject);
  });
}

const counted = async () => (await (await fetch(`${origin}/requests`)).json()).requests;

/** mulberry32 */
function chance(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = chance(seed);
const results = [];
let number = 0;
for (let round = 0; round < rounds; round++) {
  const turns = Object.keys(servers).flatMap((server) => Object.keys(scenes).map((scene) => [server, scene]));
  for (let i = turns.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [turns[i], turns[j]] = [turns[j], turns[i]];
  }
  for (const [server, scene] of turns) {
    const { control, prime } = scenes[scene];
    const agent = new Agent({ keepAlive: true, maxSockets: clients });
    number++;
    // Opens the connections: what is measured begins with all of them there.
    const open = `${servers[server]}/o?id=open${number}&cc=${encodeURIComponent("public, max-age=60")}&delay=20`;
    await Promise.all(Array.from({ length: clients }, () => ask(open, agent)));
    const url = `${servers[server]}/o?id=${seed}-${number}&cc=${encodeURIComponent(control)}&delay=${delay}`;
    if (prime) {
      await ask(url, agent);
      // Some peers count in whole seconds: two later it is stale everywhere.
      await sleep(2200);
    }
    const before = await counted();
    const answers = await Promise.all(Array.from({ length: clients }, () => ask(url, agent)));
    // What goes on behind the clients' backs counts too.
    await sleep(delay + 200);
    const bad = answers.filter(({ status }) => status !== 200).length;
    if (bad > 0) throw new Error(`${server}, ${scene}: ${bad} answers were not 200`);
    results.push({
      server,
      scene,
      origin_requests: (await counted()) - before,
      slowest_ms: Math.max(...answers.map(({ ms }) => ms)),
      fastest_ms: Math.min(...answers.map(({ ms }) => ms)),
    });
    agent.destroy();
  }
}
process.stdout.write(JSON.stringify(results));
