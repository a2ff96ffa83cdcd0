export { cache } from "../../core/features/cache";
