package dev.cofferdam.gateway.dispatch;

/** What a worker says that an attempt used: KV blocks allocated, and zeroed at release. */
public record AttemptUsage(long kvBlocksAllocated, long kvBlocksZeroed) {}
