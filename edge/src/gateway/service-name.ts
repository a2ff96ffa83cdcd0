export const serviceName = (worker: string, version: string): string => `${worker}@${version}`;
