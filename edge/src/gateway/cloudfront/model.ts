// The deployment document's types, under one roof.

export type * from "../protocol.gen.js";
