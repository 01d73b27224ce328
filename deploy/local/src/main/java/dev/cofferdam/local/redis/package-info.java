/** A Redis server in a process of its own. */
@NullMarked
package dev.cofferdam.local.redis;

import org.jspecify.annotations.NullMarked;
