export { geo } from "../../core/features/geo";
