package dev.cofferdam.worker;

import dev.cofferdam.mesh.HouseRules;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
  @Test
  void packagesFollowTheRulesOfTheHouse() {
    HouseRules.check("dev.cofferdam.worker");
  }
}
