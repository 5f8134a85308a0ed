module goasker

go 1.21
