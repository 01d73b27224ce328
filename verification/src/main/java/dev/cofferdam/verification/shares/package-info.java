/**
 * How a pool divides its service among tenants under several policies, in virtual time: the
 * scheduler's core as it is, before a model of workers with continuous batching.
 */
@NullMarked
package dev.cofferdam.verification.shares;

import org.jspecify.annotations.NullMarked;
