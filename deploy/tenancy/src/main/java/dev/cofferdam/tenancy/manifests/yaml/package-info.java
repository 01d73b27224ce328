/** Manifests as YAML, and the file that describes the fleet. */
@NullMarked
package dev.cofferdam.tenancy.manifests.yaml;

import org.jspecify.annotations.NullMarked;
