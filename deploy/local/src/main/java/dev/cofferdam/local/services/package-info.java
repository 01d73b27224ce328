/** The six services: their settings and processes. */
@NullMarked
package dev.cofferdam.local.services;

import org.jspecify.annotations.NullMarked;
