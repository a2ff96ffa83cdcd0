// What a Worker prints and what its entry module tells of it are told apart by marks, not by the words.

import { describe, expect, test } from "vitest";
import { unmark } from "../../src/gateway/entry.js";

describe("a line of workerd's output", () => {
  test("without a mark is the runtime's own", () => {
    expect(unmark("Uncaught Error: x")).toEqual({ message: "Uncaught Error: x" });
  });

  test("that the Worker printed is no exception, whatever its words", () => {
    expect(unmark("\u001eapi@v1\u001eUncaught Error: x")).toEqual({
      message: "Uncaught Error: x",
      worker: "api",
      version: "v1",
    });
  });

  test("by which the entry module tells of an exception says so", () => {
    expect(unmark("\u001eapi@v1\u001e\u001dUncaught Error: x")).toEqual({
      message: "Uncaught Error: x",
      worker: "api",
      version: "v1",
      uncaught: true,
    });
  });
});
