// The deployment document's types, under one roof.

export type * from "../../../gateway/protocol.gen.js";
