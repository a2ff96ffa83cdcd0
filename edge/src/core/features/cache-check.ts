import type { Feature } from "../feature";
import { check } from "./check";

export const cacheCheck: Feature = { name: "cache-check", cacheParts: { check } };
