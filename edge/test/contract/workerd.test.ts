import { afterAll } from "vitest";
import { buildBundles } from "../support/bundle";
import { workerd } from "./runtimes";
import { contract } from "./suite";

const bundles = await buildBundles();
afterAll(() => bundles.remove());

contract(workerd(bundles.directory));
