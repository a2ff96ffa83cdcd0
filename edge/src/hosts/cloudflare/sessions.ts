// So that what it shares with the core, which every function has, is one module with the core.
import "./edgewright";

export { sessions } from "../../core/features/sessions";
