"""Who was reported where: observations as columns, the picture they make, and motion."""
