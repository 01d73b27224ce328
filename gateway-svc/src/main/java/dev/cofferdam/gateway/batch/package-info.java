/**
 * Batch jobs: files of requests that are run line by line when there is room, each line once, by
 * one gateway at a time.
 */
@NullMarked
package dev.cofferdam.gateway.batch;

import org.jspecify.annotations.NullMarked;
