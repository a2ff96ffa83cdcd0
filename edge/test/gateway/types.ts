import type { Version } from "../../src/gateway/protocol.gen.js";

export type { Deployment, Worker } from "../../src/gateway/protocol.gen.js";
export type Binding = Version["bindings"][number];
