/** Clients' connections: whose they are, how many, whether they live, and how fast they are fed. */
@NullMarked
package dev.cofferdam.gateway.connection;

import org.jspecify.annotations.NullMarked;
