/**
 * What a mesh is put through: streams of requests of several tenants, planned before any is sent.
 */
@NullMarked
package dev.cofferdam.load.scenario;

import org.jspecify.annotations.NullMarked;
