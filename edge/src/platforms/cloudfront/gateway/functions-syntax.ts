// What CloudFront's function runtimes do not parse, found before anything runs.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-10.html
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-20.html
// The pages list what is supported; what they do not list is refused, where it can be told.

export interface SyntaxFault {
  line: number;
  what: string;
}

type Runtime = "cloudfront-js-1.0" | "cloudfront-js-2.0";

const BOTH: readonly [RegExp, string][] = [
  [/\bclass\b(?=\s+[A-Za-z_$]|\s*\{)/g, "class is not supported"],
  [/\bfunction\s*\*/g, "generator functions are not supported"],
  [/\?\.(?!\d)/g, "optional chaining (?.) is not supported"],
  [/\?\?/g, "nullish coalescing (??) is not supported"],
  [/\b(?:var|let|const)\s*[[{]/g, "destructuring is not supported"],
  [/\bfunction\b[^(){}]*\([^()]*[[{][^()]*\)/g, "destructuring is not supported"],
  [/\(\s*[[{][^()]*\)\s*=>/g, "destructuring is not supported"],
  [/\bfunction\b[^(){}]*\([^()]*[^=!<>()]=(?![=>])[^()]*\)/g, "default values of parameters are not supported"],
  [/\([^()]*[^=!<>()]=(?![=>])[^()]*\)\s*=>/g, "default values of parameters are not supported"],
  // What is spread, not the last parameters taken together, which are supported.
  [/\.\.\.(?!\s*[\w$]+\s*\)\s*(?:\{|=>))/g, "spreading (...) is not supported"],
  [
    /\bfor\s*\(\s*(?:(?:var|let|const)\s+)?[\w$]+\s+of\b/g,
    "for-of is not supported: use forEach, or for with an index",
  ],
  [/(?:\|\||&&)=/g, "logical assignment is not supported"],
  [/\bimport\s*\(/g, "dynamic import is not supported"],
  [/\beval\s*\(/g, "eval is not supported: code cannot be evaluated at run time"],
  [/\bnew\s+Function\b/g, "function constructors are not supported: code cannot be evaluated at run time"],
];

const ONLY_1: readonly [RegExp, string][] = [
  [
    /\b(?:const|let)\b(?=\s+[A-Za-z_$[{])/g,
    "const and let are not supported in cloudfront-js-1.0: use var, or cloudfront-js-2.0",
  ],
  [
    /\basync\b(?=\s+function|\s*\(|\s+[A-Za-z_$])/g,
    "async is not supported in cloudfront-js-1.0: use cloudfront-js-2.0",
  ],
  [/\bawait\b/g, "await is not supported in cloudfront-js-1.0: use cloudfront-js-2.0"],
  [/^[ \t]*import\b/gm, "import is not supported in cloudfront-js-1.0: use require, or cloudfront-js-2.0"],
];

/** Every construct that a runtime refuses, as far as it can be told without that runtime's own parser. */
export function syntaxFaults(code: string, runtime: Runtime): SyntaxFault[] {
  const bare = blank(code);
  const rules = runtime === "cloudfront-js-1.0" ? [...BOTH, ...ONLY_1] : BOTH;
  const faults: (SyntaxFault & { at: number })[] = [];
  for (const [pattern, what] of rules) {
    for (const match of bare.matchAll(pattern)) {
      const at = match.index + match[0].length - match[0].trimStart().length;
      faults.push({ at, line: bare.slice(0, at).split("\n").length, what });
    }
  }
  return faults.sort((a, b) => a.at - b.at).map(({ line, what }) => ({ line, what }));
}

/** The code with comments and the insides of strings, templates and regular expressions turned to spaces. */
export function blank(code: string): string {
  let output = "";
  let index = 0;
  let previous = "";
  const templates: number[] = [];
  let depth = 0;
  const skip = (end: number): void => {
    output += code.slice(index, end).replace(/[^\n]/g, " ");
    index = end;
  };
  while (index < code.length) {
    const two = code.slice(index, index + 2);
    const one = code[index] as string;
    if (two === "//") skip(endOf(code, "\n", index));
    else if (two === "/*") skip(endOf(code, "*/", index + 2) + 2);
    else if (one === '"' || one === "'") skip(quoted(code, index, one));
    else if (one === "`" || (one === "}" && templates.at(-1) === depth)) {
      if (one === "}") templates.pop();
      const end = template(code, index + 1);
      skip(end);
      if (code.slice(end - 2, end) === "${") templates.push(depth);
    } else if (one === "/" && !/[\w$)\]]/.test(previous)) skip(regex(code, index));
    else {
      if (one === "{") depth++;
      if (one === "}") depth--;
      output += one;
      index++;
      if (!/\s/.test(one)) previous = one;
      continue;
    }
    previous = "x";
  }
  return output;
}

function endOf(code: string, mark: string, from: number): number {
  const end = code.indexOf(mark, from);
  return end === -1 ? code.length : end;
}

function quoted(code: string, from: number, quote: string): number {
  let index = from + 1;
  while (index < code.length && code[index] !== quote && code[index] !== "\n") index += code[index] === "\\" ? 2 : 1;
  return Math.min(index + 1, code.length);
}

/** The end of a template's text: after its back-tick, or after `${`. */
function template(code: string, from: number): number {
  let index = from;
  while (index < code.length) {
    if (code[index] === "\\") index += 2;
    else if (code[index] === "`") return index + 1;
    else if (code[index] === "$" && code[index + 1] === "{") return index + 2;
    else index++;
  }
  return code.length;
}

function regex(code: string, from: number): number {
  let index = from + 1;
  let inClass = false;
  while (index < code.length && code[index] !== "\n") {
    const one = code[index];
    if (one === "\\") index++;
    else if (one === "[") inClass = true;
    else if (one === "]") inClass = false;
    else if (one === "/" && !inClass) return index + 1;
    index++;
  }
  return Math.min(index, code.length);
}
