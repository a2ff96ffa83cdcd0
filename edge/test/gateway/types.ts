import type { Version } from "../../src/gateway/protocol.gen.js";

export type { Deployment, Version, Worker } from "../../src/gateway/protocol.gen.js";
export type Binding = Version["bindings"][number];
