/**
 * Pages and files over HTTPS with certificates on both sides: a small server, and pages that need
 * neither scripts nor a mouse.
 */
@NullMarked
package dev.cofferdam.mesh.web;

import org.jspecify.annotations.NullMarked;
