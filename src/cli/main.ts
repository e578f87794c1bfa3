// Written by the realm's first commit.
export {};
