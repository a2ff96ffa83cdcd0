import { node } from "./runtimes";
import { contract } from "./suite";

contract(node);
