package dev.cofferdam.gateway.dispatch;

import java.util.concurrent.Executor;

/**
 * Where a request's work runs, with its trace.
 *
 * @param turns runs its turns. A turn is short and never waits, so that it may run where its event
 *     came from: another thread costs more than the turn
 * @param disk runs what writes to the disk
 */
public record Threads(Executor turns, Executor disk) {}
